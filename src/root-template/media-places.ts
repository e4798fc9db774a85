import type { TemplateWishes } from './step.ts'

/** Where the media share is mounted: beside the lock file in the login user's home, as the article has it. */
export function mediaDirOf({ user }: Pick<TemplateWishes, 'user'>): string {
  return `${homeOf(user)}/remote`
}

/** While this file is there, the agent claims no job. */
export function lockFileOf({ user }: Pick<TemplateWishes, 'user'>): string {
  return `${homeOf(user)}/hlsmux.lock`
}

function homeOf(user: string): string {
  return `/home/${user}`
}

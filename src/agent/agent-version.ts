/** Put in by src/agent/bundle.js. */
declare const AGENT_VERSION: string | undefined

export const agentVersion = typeof AGENT_VERSION === 'undefined' ? 'unbundled' : AGENT_VERSION

import { render } from 'preact'
import { App } from './app.tsx'
import { resumeSession } from './live/session.ts'

const place = document.getElementById('page')
if (place !== null) render(<App />, place)
resumeSession()

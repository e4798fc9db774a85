/** The farm's mark: a ladder of renditions that plays. */
export function Mark() {
  return (
    <svg
      class="mark"
      viewBox="0 0 32 32"
      width="28"
      height="28"
      aria-hidden="true"
      focusable="false"
    >
      <rect class="mark-ground" width="32" height="32" rx="7" />
      <g fill="#fff">
        <rect x="6" y="7" width="14" height="4.6" rx="2.3" />
        <rect x="6" y="13.7" width="20" height="4.6" rx="2.3" />
        <rect x="6" y="20.4" width="9" height="4.6" rx="2.3" />
        <path d="M19.5 19.2v7l6.2-3.5z" />
      </g>
    </svg>
  )
}

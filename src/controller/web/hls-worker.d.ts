/** The bundler answers where it is served. */
declare module 'hls.js/dist/hls.worker.js' {
  const url: string
  export default url
}

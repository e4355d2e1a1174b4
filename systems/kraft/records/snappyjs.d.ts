/** The library has no types of its own. */
declare module 'snappyjs' {
  interface Snappy {
    compress(bytes: Uint8Array): Uint8Array;
  }
  const snappy: Snappy;
  export default snappy;
}

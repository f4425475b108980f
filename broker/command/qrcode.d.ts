// The one function of npm's qrcode that the command uses; the package brings no types.
declare module "qrcode" {
  const qrcode: {
    /** The picture as lines of half blocks, with a quiet border. */
    toString(text: string, options: { type: "utf8"; errorCorrectionLevel: "L" }): Promise<string>;
  };
  export default qrcode;
}

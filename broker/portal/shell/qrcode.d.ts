// The part of npm's qrcode that pages use; the package brings no types.
declare module "qrcode" {
  const qrcode: {
    create(
      text: string,
      options: { errorCorrectionLevel: "L" | "M" },
    ): { readonly modules: { readonly size: number; readonly data: Uint8Array } };
  };
  export default qrcode;
}

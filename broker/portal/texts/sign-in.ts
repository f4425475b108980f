// Texts of signing in.
export const signIn = {
  title: "Sign in",
  about: "Work on machines of a plant, or decide who may.",
  byKey: "Continue on this device",
  byKeyAbout: "This browser holds your key.",
  byPasskey: "Sign in with passkey",
  byPassword: "Sign in with password",
  otherWays: "Other ways",
  name: "Name",
  nameHint: "The name or e-mail address that you chose for your password",
  password: "Password",
  code: "Code",
  codeHint: "Six digits of your authenticator, or one of your recovery codes",
  notice: "Notice",
  newHere:
    "New here? Open the invitation link that you were given: it makes your key in this browser.",
  paste: "I have an invitation link",
  noPasskeyHere: "This relay has no signing page, so passkeys cannot be used to sign in.",
  signedOutEverywhere:
    "You were signed out everywhere. Give a code of your authenticator once, or sign in with your passkey.",
} as const;

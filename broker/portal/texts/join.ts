// Texts of answering an invitation.
export const join = {
  title: "You are invited",
  as: (name: string) => `As ${name}`,
  paste: "You have an invitation?",
  pasteAbout:
    "Paste its link here. That is also how this page is used as an app of its own on a phone, which no link opens.",
  link: "Invitation link",
  linkHint: "It is like a key: take it from the one who invited you, and give it to nobody.",
  open: "Go on",
  loading: "Looking at the invitation …",
  aboutKey:
    "This browser makes a key of its own for you. It stays in this browser and cannot be copied, not even by this page.",
  aboutPasskey:
    "A passkey is your fingerprint, face or PIN on this device. With it, one touch decides, and no code has to be typed.",
  makePasskey: "Create my passkey",
  withoutPasskey: "Continue without a passkey",
  withoutPasskeyAbout:
    "Without a passkey you type a six-digit code of an authenticator app for each job instead.",
  passkeyMade: "Your passkey is ready.",
  introduce: "Introduce myself",
  introduceAbout: "Your keys are signed and given to the site, which then lists them.",
  waiting: "You are introduced",
  waitingAbout:
    "The one who invited you accepts you next. This page goes on by itself; you may also close it and come back.",
  fingerprints: "If the link came by mail, compare this with the one who invited you, by voice:",
  ownKey: "Key of this browser",
  passkey: "Passkey",
  accepted: "You are accepted",
  enter: "Go on",
  roles: { owner: "owner", approver: "approver", auditor: "auditor", vendor: "vendor" },
  technicianOf: (company: string) => `technician of ${company}`,
  administratorOf: (company: string) => `administrator of ${company}`,
  errors: {
    noLink: "This is not a whole invitation link",
    noLinkHint: "Open the link exactly as you were given it, up to its last letter.",
    other: "The relay answers with another invitation than the link's",
    otherHint: "Do not go on. Tell the one who invited you.",
    edge: "This link belongs to a box",
    edgeHint: "It goes on the box's card, not into a browser.",
    introduced: "This invitation was answered already",
    introducedHint:
      "If it was not you, tell the one who invited you at once. If it was you on another device, ask for a new link for this one.",
    expired: "This invitation is too old",
    expiredHint: "Ask the one who invited you for a new link.",
    void: "This invitation was answered twice and counts no more",
    voidHint: "Somebody else has seen it. Ask for a new link by another way.",
  },
} as const;

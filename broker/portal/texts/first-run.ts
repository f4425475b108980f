// Texts of founding a site and of the first run's checklist.
export const found = {
  title: "Set up a new site",
  about: "It takes two touches of your passkey. Nothing is stored before the last step.",
  steps: {
    site: "Your site",
    passkey: "Your key",
    sheet: "Recovery sheet",
    sign: "Sign",
  },
  step: (at: number, of: number) => `Step ${at} of ${of}`,
  siteName: "Name of the site",
  siteNameHint: "As everybody will see it, for example: Press shop Kassel",
  ownerName: "Your name",
  ownerId: "Your short name",
  ownerIdHint: "Small letters, digits and -, for example: anna. It cannot be changed later.",
  ownerIdWrong: "Use small letters, digits and -, at most 32.",
  token: "Registration token",
  tokenHint: "The operator of this relay gives it to you. It lets this relay carry your site.",
  preset: "How careful should it be?",
  presets: {
    normal: {
      label: "Normal",
      about:
        "One person approves each visit. Vendors come with a passkey, or with a key and a six-digit code. A visit lasts at most 8 hours.",
    },
    strict: {
      label: "Strict",
      about:
        "Two persons approve each visit as soon as there are two, everybody needs a passkey, and a visit lasts at most 2 hours. You can change this later under Rules.",
    },
  },
  next: "Continue",
  back: "Back",
  passkeyAbout:
    "You will sign with a passkey: your fingerprint, face or PIN on this device. This browser also makes a key of its own for what needs no touch.",
  makePasskey: "Create my passkey",
  passkeyMade: "Your passkey is ready.",
  withoutPasskey: "This relay has no signing page, so the key of this browser signs instead.",
  withoutPasskeyDevice:
    "This browser cannot make passkeys, so its own key signs instead. You can add a passkey later from another device.",
  strictNeedsPasskey: "Strict needs passkeys, and here none can be made. Choose Normal.",
  sheetAbout:
    "If all owners lose their keys, only this sheet brings the site back. Print it or copy it by hand, and keep it locked away: who has it can replace the owners after 72 hours.",
  sheetOnce: "It is shown this once and stored nowhere.",
  sheetTitle: "Sallyport recovery sheet",
  sheetSite: "Site",
  sheetDate: "Made on",
  sheetUse:
    "Keep this sheet offline, in a safe. Destroy every other copy. Whoever has it can replace the owners of the site after 72 hours, and read the passwords that were stored for its devices.",
  print: "Print the sheet",
  confirm: "Type the last group of four",
  confirmHint: "So that we both know it is on paper.",
  confirmWrong: "That is not the last group of the sheet.",
  auditor:
    "An auditor can have a key of their own that opens recordings. An owner makes it by command: invite yourself once more, answer the link with sallyport introduce, then sallyport site audit-key audit.json. Without it, recordings are read from the boxes.",
  auditorTitle: "A key for an auditor?",
  signAbout: (name: string) => `With your signature ${name} exists, and you are its owner.`,
  signFacts: {
    name: "Site",
    owner: "Owner",
    preset: "Rules",
    until: "Signed for",
    years: "2 years, then renew it under Rules",
    relay: "Carried by",
  },
  sign: "Sign and set up",
  signed: "It is signed already. You are not asked again.",
  tokenWrong: "The relay does not take this token. Ask its operator, then try again.",
  cancelled: "Nothing was signed.",
  hasSite: "You are an owner of a site in this browser already.",
} as const;

export const glossary = {
  what: (word: string) => `What is ${word}?`,
  words: {
    site: ["a site", "Your plant, as Sallyport knows it: its people, boxes, machines and rules."],
    owner: ["an owner", "A person who decides who belongs to the site and what the rules are."],
    approver: ["an approver", "A person who says yes or no to each visit, usually on a phone."],
    vendor: ["a vendor", "A technician from outside who works on a machine for a limited time."],
    box: [
      "the box",
      "A small computer in your plant. It connects outwards only, and opens nothing without your signature.",
    ],
    relay: [
      "the relay",
      "The server in between. It carries everything sealed, and can neither read nor open anything.",
    ],
    machine: ["a machine", "A device that vendors may work on: a panel, a controller, a drive."],
    passkey: ["a passkey", "Your fingerprint, face or PIN on a device. It signs what you decide."],
    sheet: [
      "the recovery sheet",
      "A page of paper that replaces lost owners. Nothing else can, not even the relay.",
    ],
    request: ["a request", "A vendor asks: which machine, what for, how long. You say yes or no."],
  },
} as const;

export const checklist = {
  title: "First steps",
  about: "Leave and come back whenever you like: what is done is read from the site itself.",
  progress: (done: number, of: number) => `${done} of ${of} done`,
  done: "Done",
  next: "Next",
  waiting: "Waiting for others",
  later: "Later",
  who: "Who:",
  dismiss: "Hide this list",
  dismissed: "The list is hidden.",
  show: "Show it again",
  allDone: "Everything is set up",
  allDoneAbout: "Vendors can ask, you can answer, and everything is on record.",
  open: "Open",
  batch: "Wait until everybody has answered, then accept all of them with one signature.",
  steps: {
    key: {
      title: "Your key",
      why: "You sign every decision with it.",
      who: "you, done when the site was set up",
      todo: "This site has no passkey of yours. Invite yourself under People, and open the link here.",
    },
    sheet: {
      title: "Recovery sheet",
      why: "It is the only way back if all owners lose their keys.",
      who: "you, done when the site was set up",
      todo: "This site has none. If its owners lose their keys, it is lost.",
    },
    second: {
      title: "A second owner",
      why: "If your phone is lost, they add your new one. Without them you need the sheet.",
      who: "you invite, they answer on their own device",
      act: "Invite a second owner",
    },
    phone: {
      title: "Your phone",
      why: "Requests come to the shop floor, not to a desk. Once the phone is accepted, open Messages on it and send yourself a test.",
      who: "you, with your phone beside you",
      act: "Add my phone",
    },
    box: {
      title: "The box",
      why: "It stands in your plant, and is the only thing that reaches your machines.",
      who: "you, or whoever sets up the box",
      act: "Prepare a box",
    },
    vendor: {
      title: "The first vendor",
      why: "Somebody has to come.",
      who: "you invite, they answer on their own device",
      act: "Invite a vendor",
    },
    accept: {
      title: "Accept everybody",
      why: "People and box have introduced themselves. One signature lets them all in.",
      who: "you",
      act: "See who waits",
    },
    online: {
      title: "The box is online",
      why: "Plug it in: it connects by itself within a minute.",
      who: "whoever is at the box",
      act: "Look at the box",
    },
    device: {
      title: "The first machine",
      why: "The box tries it, you see that it works, then you sign it.",
      who: "you; you need its address and its password",
      act: "Add a machine",
    },
    rehearsal: {
      title: "A rehearsal",
      why: "Before it matters at three in the morning: the vendor asks for five minutes, your phone rings, you say yes.",
      who: "your vendor asks, you answer on your phone",
      act: "See requests",
    },
  },
} as const;

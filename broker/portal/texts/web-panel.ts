// Texts of a machine's web panel in a job.
export const webPanel = {
  about: (machine: string) =>
    `The web panel of ${machine} opens in a tab of its own. You are signed in there already; the machine's password stays with the site.`,
  relay:
    "Whoever runs this relay owns the panel's address: while it is open, they could see what it shows and act in it as you. The site allows this way here. With the sallyport command nobody in between can.",
  open: "Open the panel",
  opening: (machine: string) => `Reaching ${machine} …`,
  ready: "The panel is ready",
  readyHint: "Your browser held back the new tab. Press once more to show it.",
  show: "Show the panel",
  isOpen: "The panel is open in another tab",
  isOpenHint:
    "It stays open while this tab does, until you close it here or the job's time is over. If you have lost its tab, open it again: the old one then ends.",
  again: "Open it again",
  close: "Close the panel",
  closed: "The panel is closed",
  other: "The other way: your own browser through the sallyport command",
  command:
    "On your computer the sallyport command gives this panel a local address; open that in your own browser. Nobody in between can see or change what passes.",
  none: "You may not open this panel here",
  noneHint: (rights: string) => `This job gives you: ${rights || "nothing on this machine"}.`,
} as const;

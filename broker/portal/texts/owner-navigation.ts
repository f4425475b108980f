// Texts of the owner's navigation and of the way to a new site. They stand apart because every visitor loads them.
export const ownerNavigation = {
  firstSteps: "First steps",
  people: "People",
  edges: "Boxes",
  targets: "Machines",
  rules: "Rules",
  company: "Technicians",
  changes: "Not signed yet",
  notForYou: "This page is for owners",
  notForYouHint: "Ask an owner of the site if something has to be changed here.",
  found: "Set up a new site",
} as const;

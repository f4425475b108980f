// Where founding a site and the first run's checklist stand.
export const checklistPath = "/start";
export const foundingPath = "/start/new";

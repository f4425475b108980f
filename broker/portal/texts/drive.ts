// Texts of a desktop's drive.
export const drive = {
  title: "Files of this desktop",
  about:
    'On the machine they lie on the drive "sallyport". Whatever you put there or fetch is recorded by name, size and fingerprint. The drive goes when you close the desktop.',
  list: "Show the files",
  put: "Put a file there",
  get: (name: string) => `Fetch ${name}`,
  remove: (name: string) => `Remove ${name}`,
  none: "No file is there yet",
  noneHint: 'Put one there, or copy one to the drive on the machine and press "Show the files".',
  name: "File",
  size: "Size",
  bytes: (bytes: number) => `${bytes.toLocaleString("en")} bytes`,
  moving: (name: string, percent: number) => `${name}: ${percent} %`,
  done: (name: string) => `${name} is there`,
  fetched: (name: string) => `${name} was fetched`,
};

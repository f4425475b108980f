// Not there yet.
export default function JournalPage() {
  return null;
}

// Not there yet.
export default function SessionsPage() {
  return null;
}

// Which names and passwords people may choose (NIST SP 800-63B §5.1.1.2): length counts, no rules of composition, no end date; the commonest, the
// repetitive and those that hold the name are refused.
import { FieldError } from "./answers.ts";

const shortest = 12;
/** Long enough for any sentence, short enough to be no load. */
const longest = 128;

/** Of twelve characters and more, those that stand highest in published lists of leaked passwords, and this product's own words. */
const common = [
  "123456789012",
  "1234567890123",
  "12345678901234",
  "123456789012345",
  "1234567890123456",
  "1234567891011",
  "123456789101112",
  "987654321012",
  "1q2w3e4r5t6y",
  "1q2w3e4r5t6y7u8i",
  "1qaz2wsx3edc",
  "1qaz2wsx3edc4rfv",
  "q1w2e3r4t5y6",
  "qazwsxedcrfv",
  "qwerty123456",
  "qwerty1234567",
  "qwerty12345678",
  "qwerty123456789",
  "qwertyuiop12",
  "qwertyuiop123",
  "qwertyuiop123456",
  "qwertyuiopas",
  "qwertyuiopasdf",
  "qwertyuiopasdfghjkl",
  "qwertzuiop12",
  "qwertzuiop123",
  "asdfghjklqwertyuiop",
  "abcdefghijkl",
  "abcdefghijklm",
  "abcdefghijklmnop",
  "abcdefghijklmnopqrstuvwxyz",
  "abcd12345678",
  "abc123456789",
  "password1234",
  "password12345",
  "password123456",
  "password123456789",
  "password2025",
  "password2026",
  "passwordpassword",
  "mypassword123",
  "mypassword1234",
  "changemechangeme",
  "changeme1234",
  "changeme12345",
  "letmeinletmein",
  "letmein12345",
  "welcome12345",
  "welcome123456",
  "welcomewelcome",
  "administrator",
  "administrator1",
  "administrator123",
  "adminadminadmin",
  "admin1234567",
  "admin123456789",
  "iloveyou1234",
  "iloveyouforever",
  "iloveyousomuch",
  "unbelievable",
  "supersecret1",
  "supersecret123",
  "trustno1trustno1",
  "correcthorsebatterystaple",
  "correct horse battery staple",
  "sallyportsallyport",
  "sallyport123",
  "sallyport1234",
  "sallyport2026",
  "maintenance1",
  "maintenance123",
  "remoteaccess",
  "remoteaccess1",
] as const;
const refused: ReadonlySet<string> = new Set(common);

/** A name as it is kept: lower case. Throws a fault of the field "name". */
export function nameIn(text: string): string {
  const name = text.trim().toLowerCase();
  if (/^[a-z0-9][a-z0-9._+@-]{2,119}$/.test(name)) return name;
  throw new FieldError(
    "name",
    "name has characters or a length that it may not have, expected an e-mail address or 3 to 120 of a-z 0-9 . _ + @ -",
  );
}

/** Throws a fault of the field for a password that may not be chosen. */
export function requireGoodPassword(password: string, name: string, field: string): void {
  const { length } = Array.from(password.normalize("NFKC"));
  if (length < shortest || length > longest) {
    const expected = `expected ${shortest} to ${longest}: a few words are easy to remember`;
    throw new FieldError(field, `password has ${length} characters, ${expected}`);
  }
  const plain = password.normalize("NFKC").toLowerCase();
  const [owner = name] = name.split("@");
  if (plain.includes(name) || (owner.length > 3 && plain.includes(owner))) {
    throw new FieldError(field, "password holds the name, choose another one");
  }
  // The shortest unit whose repetition it is, "abcabcabcabc" or "111111111111", lies within its double.
  const unit = `${plain}${plain}`.indexOf(plain, 1);
  if (refused.has(plain) || unit <= 4) {
    throw new FieldError(field, "password is among the first that are guessed, choose another one");
  }
}

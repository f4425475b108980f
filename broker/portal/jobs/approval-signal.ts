// Telling a vendor who has turned away that the machine is open: a short sound, and a notification of the device if it was allowed. Off until asked for.
import { jobs, waiting } from "../texts/jobs.ts";

const place = "sallyport.tell-approval";
const noteSeconds = 0.18;
const notesHertz: readonly number[] = [660, 880];
const loudness = 0.2;

let audio: AudioContext | undefined;

export function isTold(): boolean {
  return localStorage.getItem(place) === "1";
}

/** Remembers the wish; to be called in a click, which is what lets a page make a sound and ask for notifications. */
export async function setTold(isWanted: boolean): Promise<void> {
  if (!isWanted) {
    localStorage.removeItem(place);
    return;
  }
  localStorage.setItem(place, "1");
  audio ??= new AudioContext();
  await audio.resume();
  if ("Notification" in window && Notification.permission === "default")
    await Notification.requestPermission();
}

/** Tells, if it was asked for and the page is not being looked at or listened to anyway. */
export function signalApproval(machines: string): void {
  if (!isTold()) return;
  play();
  if (!document.hidden || !("Notification" in window)) return;
  if (Notification.permission !== "granted") return;
  try {
    const notification = new Notification(waiting.approved, {
      body: waiting.approvedText(machines),
      tag: jobs.title,
    });
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
  } catch {
    // Phones show notifications of service workers only; the sound was played.
  }
}

function play(): void {
  audio ??= new AudioContext();
  const { currentTime } = audio;
  const gain = audio.createGain();
  gain.gain.value = loudness;
  gain.connect(audio.destination);
  notesHertz.forEach((hertz, index) => {
    const note = new OscillatorNode(audio as AudioContext, { frequency: hertz });
    note.connect(gain);
    note.start(currentTime + index * noteSeconds);
    note.stop(currentTime + (index + 1) * noteSeconds);
  });
}

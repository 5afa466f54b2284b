/** Each note's pitch in hertz, and when it begins in seconds. */
const notes = [{ pitch: 659.26, at: 0 }, { pitch: 880, at: 0.12 }];
const noteSeconds = 0.5;
const loudness = 0.16;

let context: AudioContext | undefined;

/**
 * Plays two soft notes.
 *
 * @returns whether the browser lets it be heard: before the page was first used, most do not
 */
export async function playChime(): Promise<boolean> {
  try {
    context ??= new AudioContext();
    // Without leave the promise may stay open for ever.
    if (context.state !== "running") await Promise.race([context.resume(), after(200)]);
    if (context.state !== "running") return false;
    for (const { pitch, at } of notes) ring(context, pitch, context.currentTime + at);
    return true;
  } catch {
    return false;
  }
}

/** A sine with a quick beginning and a long end, as of something struck. */
function ring(context: AudioContext, pitch: number, at: number): void {
  const tone = new OscillatorNode(context, { frequency: pitch });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(loudness, at + 0.012);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + noteSeconds);
  tone.connect(volume).connect(context.destination);
  tone.start(at);
  tone.stop(at + noteSeconds);
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

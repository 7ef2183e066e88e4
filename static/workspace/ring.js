/**
 * The sound: a bell that rings as long as an offer waits for an answer, and a single stroke for a message. It is made
 * by WebAudio, so that no file is needed, and looped by the audio clock, so that a tab nobody sees rings on.
 *
 * Of an agent's tabs one rings: the holder of a Web Lock, and only a tab whose sound the browser lets through wants
 * it. Where there are no Web Locks (plain http on another host) each tab rings.
 */

const LOCK = 'tandem.workspace.ring';

/** One turn of the bell: two strokes, then silence. */
const TURN_S = 2.4;

/** The strokes of a turn: when, and which tones. */
const STROKES = Object.freeze([[0, [784, 1568]], [0.24, [1047, 2093]]]);

/** A single stroke. */
const STROKE = Object.freeze([[0, [1047, 2093]]]);

/** How long the test rings. */
const TEST_MS = 2_000;

/** @typedef {'on'|'off'|'blocked'|'missing'} SoundState blocked: the browser waits for a click or a key */

export class Ring extends EventTarget {
  /** @type {AudioContext|null} */
  #audio;

  /** @type {AudioBufferSourceNode|null} what rings */
  #ringing = null;
  #isWanted = false;
  #isOn = true;
  #isLeader = false;
  #asksToLead = false;
  #signal;

  /** @param {AbortSignal} signal ends it */
  constructor(signal) {
    super();
    this.#signal = signal;
    this.#audio = typeof AudioContext === 'function' ? new AudioContext() : null;
    this.#audio?.addEventListener('statechange', () => this.#changed(), { signal });
    // Browsers let a page sound once its visitor has done something with it.
    const wake = () => this.#audio?.state === 'suspended' && this.#audio.resume().catch(() => {});
    for (const type of ['pointerdown', 'keydown']) document.addEventListener(type, wake, { signal, capture: true });
    signal.addEventListener('abort', () => this.#audio?.close());
    wake();
    this.#changed();
  }

  /** @returns {SoundState} */
  get state() {
    if (this.#audio === null) return 'missing';
    if (!this.#isOn) return 'off';
    return this.#audio.state === 'running' ? 'on' : 'blocked';
  }

  /** Whether the agent wants sound. @param {boolean} isOn */
  set isOn(isOn) {
    this.#isOn = isOn;
    this.#changed();
  }

  /** Rings, or stops. @param {boolean} isWanted */
  want(isWanted) {
    this.#isWanted = isWanted;
    this.#apply();
  }

  /** One stroke. */
  strike() {
    if (this.state === 'on' && this.#isLeader) this.#play(strokes(this.#audio, STROKE), false);
  }

  /** Lets the bell be heard for a moment, in this tab and whatever waits. */
  test() {
    if (this.state !== 'on') return;
    const heard = this.#play(strokes(this.#audio, STROKES), true);
    setTimeout(() => heard.stop(), TEST_MS);
  }

  #changed() {
    this.#lead();
    this.#apply();
    this.dispatchEvent(new Event('state'));
  }

  /** Asks once to be the tab that rings; the lock is kept until the page ends. */
  #lead() {
    if (this.state !== 'on' || this.#asksToLead) return;
    this.#asksToLead = true;
    const lead = () => {
      this.#isLeader = true;
      this.#apply();
      return new Promise((release) => this.#signal.addEventListener('abort', release));
    };
    const { locks } = navigator;
    if (!locks) lead();
    else locks.request(LOCK, { signal: this.#signal }, lead).catch(() => !this.#signal.aborted && lead());
  }

  #apply() {
    const rings = this.#isWanted && this.#isLeader && this.state === 'on';
    if (rings === (this.#ringing !== null)) return;
    if (rings) this.#ringing = this.#play(strokes(this.#audio, STROKES), true);
    else {
      this.#ringing.stop();
      this.#ringing = null;
    }
  }

  #play(buffer, loop) {
    const source = this.#audio.createBufferSource();
    Object.assign(source, { buffer, loop });
    source.connect(this.#audio.destination);
    source.start();
    return source;
  }
}

/** A turn of the bell as samples: each tone begins at once and dies away. */
function strokes(audio, which) {
  const buffer = audio.createBuffer(1, Math.round(TURN_S * audio.sampleRate), audio.sampleRate);
  const samples = buffer.getChannelData(0);
  for (const [from, tones] of which) {
    const first = Math.round(from * audio.sampleRate);
    for (let at = first; at < samples.length; at += 1) {
      const seconds = (at - first) / audio.sampleRate;
      const loudness = 0.22 * Math.min(1, seconds * 200) * Math.exp(-5 * seconds);
      tones.forEach((hertz, n) => {
        samples[at] += (loudness / (n * 2 + 1)) * Math.sin(2 * Math.PI * hertz * seconds);
      });
    }
  }
  return buffer;
}

// A hydraulic press as its registers show it: heats towards its setpoint while it runs, cools when it stands, counts strokes, and stops
// with an alarm when it gets too hot. A function of the time that passes, so that two reads differ and a written setpoint has a consequence.
import type { Clock } from "../../shared/clock.ts";

/** Holding registers, by their address on the wire (mbpoll counts from 1). All but `setpoint` are read-only. */
export const pressRegisters = {
  /** Tenths of a degree Celsius. */
  temperature: 0,
  setpoint: 1,
  /** Tenths of a bar. */
  pressure: 2,
  strokes: 3,
} as const;

/** Coils: `run` starts and stops, `alarm` is set by the press and cleared by writing 0. */
export const pressCoils = { run: 0, alarm: 1 } as const;

const ambientC = 21;
const alarmAboveC = 95;
const heatingTimeMs = 30_000;
const strokeMs = 1_500;

export class Press {
  readonly #clock: Clock;
  #seenMs: number;
  #temperatureC = 48;
  #setpointC = 62;
  #workedMs = 0;
  #runs = true;
  #alarm = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#seenMs = clock.monotonicMs();
  }

  /** The value of a holding register, 0 for one that the press does not have. */
  register(address: number): number {
    this.#advance();
    const registers = pressRegisters;
    if (address === registers.temperature) return Math.round(this.#temperatureC * 10);
    if (address === registers.setpoint) return Math.round(this.#setpointC * 10);
    if (address === registers.strokes) return Math.floor(this.#workedMs / strokeMs) % 65_536;
    if (address !== registers.pressure || !this.#runs) return 0;
    return 1_200 + Math.round(400 * Math.sin((this.#workedMs / strokeMs) * 2 * Math.PI));
  }

  /** Writes the setpoint; false for any other register. */
  setRegister(address: number, value: number): boolean {
    this.#advance();
    if (address !== pressRegisters.setpoint) return false;
    this.#setpointC = value / 10;
    return true;
  }

  coil(address: number): boolean {
    this.#advance();
    if (address === pressCoils.run) return this.#runs;
    return address === pressCoils.alarm && this.#alarm;
  }

  /** Starts, stops or clears the alarm; false for any other coil. A press in alarm does not start. */
  setCoil(address: number, value: boolean): boolean {
    this.#advance();
    if (address === pressCoils.run) this.#runs = value && !this.#alarm;
    else if (address === pressCoils.alarm && !value) this.#alarm = false;
    else return false;
    return true;
  }

  #advance(): void {
    const nowMs = this.#clock.monotonicMs();
    const stepMs = nowMs - this.#seenMs;
    this.#seenMs = nowMs;
    const aimC = this.#runs ? this.#setpointC : ambientC;
    const share = 1 - Math.exp(-stepMs / heatingTimeMs);
    this.#temperatureC += (aimC - this.#temperatureC) * share;
    if (this.#runs) this.#workedMs += stepMs;
    if (this.#temperatureC > alarmAboveC) {
      this.#alarm = true;
      this.#runs = false;
    }
  }
}

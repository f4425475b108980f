// The press as its panels see it: read and written over Modbus TCP where one runs, or a press of the panel's own.
import modbus from "modbus-serial";
import { systemClock } from "../../shared/clock.ts";
import { Press, pressCoils, pressRegisters } from "./press.ts";

export interface PressValues {
  readonly temperatureC: number;
  readonly setpointC: number;
  readonly pressureBar: number;
  readonly strokes: number;
  readonly runs: boolean;
  readonly alarm: boolean;
}

export interface PressLink {
  values(): Promise<PressValues>;
  setSetpoint(celsius: number): Promise<void>;
  setRun(runs: boolean): Promise<void>;
  clearAlarm(): Promise<void>;
}

/** Links to the press on that port of this machine, or to one of its own without a port. */
export async function linkPress(port?: number): Promise<PressLink> {
  return port === undefined ? ownPress() : pressByModbus(port);
}

function ownPress(): PressLink {
  const press = new Press(systemClock);
  return {
    values: async () =>
      valuesOf(
        Object.values(pressRegisters).map((register) => press.register(register)),
        Object.values(pressCoils).map((coil) => press.coil(coil)),
      ),
    setSetpoint: async (celsius) =>
      void press.setRegister(pressRegisters.setpoint, Math.round(celsius * 10)),
    setRun: async (runs) => void press.setCoil(pressCoils.run, runs),
    clearAlarm: async () => void press.setCoil(pressCoils.alarm, false),
  };
}

async function pressByModbus(port: number): Promise<PressLink> {
  const client = new modbus.default();
  await client.connectTCP("127.0.0.1", { port });
  client.setID(1);
  client.setTimeout(2_000);
  return {
    async values() {
      const registers = await client.readHoldingRegisters(0, 4);
      const coils = await client.readCoils(0, 2);
      return valuesOf(registers.data, coils.data);
    },
    setSetpoint: async (celsius) =>
      void (await client.writeRegister(pressRegisters.setpoint, Math.round(celsius * 10))),
    setRun: async (runs) => void (await client.writeCoil(pressCoils.run, runs)),
    clearAlarm: async () => void (await client.writeCoil(pressCoils.alarm, false)),
  };
}

function valuesOf(registers: readonly number[], coils: readonly boolean[]): PressValues {
  const [temperature = 0, setpoint = 0, pressure = 0, strokes = 0] = registers;
  const [runs = false, alarm = false] = coils;
  return {
    temperatureC: temperature / 10,
    setpointC: setpoint / 10,
    pressureBar: pressure / 10,
    strokes,
    runs,
    alarm,
  };
}

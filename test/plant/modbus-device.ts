// The press behind a real Modbus TCP server, as a process of its own: `node test/plant/modbus-device.ts PORT`, on 127.0.0.1.
import { ServerTCP } from "modbus-serial";
import { systemClock } from "../../shared/clock.ts";
import { Press } from "./press.ts";

/** Modbus exception 2, "illegal data address", as modbus-serial wants it thrown. */
const illegalAddress = Object.assign(new Error("illegal data address"), { modbusErrorCode: 2 });

const port = Number(process.argv[2]);
const press = new Press(systemClock);
const device = new ServerTCP(
  {
    getHoldingRegister: (address: number) => press.register(address),
    getInputRegister: (address: number) => press.register(address),
    getCoil: (address: number) => press.coil(address),
    getDiscreteInput: (address: number) => press.coil(address),
    setRegister: (address: number, value: number) => {
      if (!press.setRegister(address, value)) throw illegalAddress;
    },
    setCoil: (address: number, value: boolean) => {
      if (!press.setCoil(address, value)) throw illegalAddress;
    },
  },
  { host: "127.0.0.1", port },
);
device.on("initialized", () => process.stdout.write(`modbus device on 127.0.0.1:${port}\n`));
device.on("serverError", (error) => {
  process.stderr.write(`modbus device: ${error?.message ?? "failed"}\n`);
  process.exit(1);
});

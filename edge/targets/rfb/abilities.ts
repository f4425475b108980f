// Which extensions of RFB a device has shown that it knows (rfbproto). A message of another one would be misread by it, and what follows too.

export interface DeviceAbilities {
  fence: boolean;
  continuousUpdates: boolean;
  /** It takes SetDesktopSize. */
  desktopSize: boolean;
  /** It reads a pointer's events of more than seven buttons. */
  extendedMouseButtons: boolean;
}

/** Those of a device that has said nothing yet. */
export function noAbilities(): DeviceAbilities {
  return {
    fence: false,
    continuousUpdates: false,
    desktopSize: false,
    extendedMouseButtons: false,
  };
}

// The one place of colours, sizes and component defaults. Pages use names of this theme and nothing of their own.
import { createTheme, type MantineColorsTuple } from "@mantine/core";
import { shell } from "../texts/shell.ts";

/** Petrol: calm, and apart from the green of "yes" and the red of "stop". */
const petrol: MantineColorsTuple = [
  "#e9f7f9",
  "#d8eaed",
  "#b1d3d9",
  "#86bbc4",
  "#63a7b2",
  "#4c9ba8",
  "#3d95a3",
  "#2d818e",
  "#1f727f",
  "#045f6c",
];

export const theme = createTheme({
  primaryColor: "petrol",
  // In both, white on it can be read (4.5 : 1).
  primaryShade: { light: 9, dark: 8 },
  autoContrast: true,
  colors: { petrol },
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, monospace",
  headings: {
    fontWeight: "650",
    sizes: {
      h1: { fontSize: "1.75rem", lineHeight: "1.25" },
      h2: { fontSize: "1.25rem", lineHeight: "1.35" },
    },
  },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: "md" } },
    TextInput: { defaultProps: { size: "md" } },
    PasswordInput: { defaultProps: { size: "md" } },
    Textarea: { defaultProps: { size: "md", autosize: true, minRows: 2 } },
    Select: { defaultProps: { size: "md", allowDeselect: false } },
    NumberInput: { defaultProps: { size: "md" } },
    ActionIcon: { defaultProps: { size: "lg", variant: "subtle" } },
    SegmentedControl: { defaultProps: { transitionDuration: 0 } },
    Modal: { defaultProps: { centered: true, closeButtonProps: { "aria-label": shell.close } } },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": shell.close } } },
  },
});

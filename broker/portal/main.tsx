// The page's entry: styles, theme, the person, the app.
import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "./shell/shell.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { PersonProvider } from "./shell/person-context.tsx";
import { applyTextSize } from "./shell/text-size.ts";
import { theme } from "./shell/theme.ts";

const root = document.getElementById("root");
if (root === null) throw new Error("page has no root");
applyTextSize();
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <Notifications position="top-center" />
      <PersonProvider>
        <App />
      </PersonProvider>
    </MantineProvider>
  </StrictMode>,
);

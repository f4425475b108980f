// The styles of every component, for all pages but the first one (main.tsx has that one's).
import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";

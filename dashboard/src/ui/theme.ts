import { choice } from "./stored";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** Dark or light. `public/theme.js` reads the same key before the first paint. */
export const theme = choice<Theme>("theme", THEMES);

export function setTheme(next: Theme) {
  theme.set(next);
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
}

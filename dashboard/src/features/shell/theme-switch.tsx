import { Monitor, Moon, Sun } from "lucide-react";
import { cx } from "@/ui/cx";
import { setTheme, THEMES, theme } from "@/ui/theme";

const LOOK = {
  system: { icon: Monitor, label: "As the system" },
  light: { icon: Sun, label: "Light" },
  dark: { icon: Moon, label: "Dark" },
};

export function ThemeSwitch() {
  const chosen = theme.use();
  return (
    <fieldset className="flex w-fit rounded-md border border-line p-0.5">
      <legend className="sr-only">Theme</legend>
      {THEMES.map((each) => {
        const { icon: Icon, label } = LOOK[each];
        return (
          <button
            key={each}
            type="button"
            aria-pressed={chosen === each}
            aria-label={`Theme: ${label}`}
            title={label}
            onClick={() => setTheme(each)}
            className={cx(
              "flex size-6.5 items-center justify-center rounded",
              chosen === each ? "bg-hover text-text" : "text-faint hover:text-text",
            )}
          >
            <Icon aria-hidden className="size-3.5" />
          </button>
        );
      })}
    </fieldset>
  );
}

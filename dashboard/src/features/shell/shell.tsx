import { Link, useNavigate } from "@tanstack/react-router";
import { Keyboard } from "lucide-react";
import { type ReactNode, useState } from "react";
import { IconButton } from "@/ui/button";
import { setTheme, theme } from "@/ui/theme";
import { ConnectionBanner } from "./banner";
import { KeyHelp } from "./key-help";
import { useKeyListener, useKeys } from "./keys";
import { Nav, PLACES } from "./nav";
import { ThemeSwitch } from "./theme-switch";

/** What stands around every page. */
export function Shell({ children }: { children: ReactNode }) {
  const navigate = useNavigate();
  const [help, setHelp] = useState(false);
  useKeyListener();
  useKeys("Everywhere", [
    ...PLACES.map(({ to, label, key }) => ({
      keys: `g ${key}`,
      help: label,
      run: () => void navigate({ to }),
    })),
    { keys: "c", help: "Create a task", run: () => void navigate({ to: "/create" }) },
    {
      keys: "d",
      help: "Dark or light",
      run: () => {
        const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
        setTheme(theme.get() === "system" ? (dark ? "light" : "dark") : "system");
      },
    },
    { keys: "?", help: "These keys", run: () => setHelp(true) },
  ]);
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[13rem_minmax(0,1fr)]">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        To the content
      </a>
      <aside className="flex items-center justify-between border-b border-line px-4 py-2 md:sticky md:top-0 md:h-dvh md:flex-col md:items-stretch md:justify-start md:gap-4 md:border-r md:border-b-0 md:bg-panel md:px-3 md:py-4">
        <Link to="/" className="flex items-center gap-2 rounded-md font-semibold tracking-tight md:px-2">
          <img src="/favicon.svg" alt="" className="size-5.5" />
          Task Service
        </Link>
        <div className="fixed inset-x-0 bottom-0 z-30 border-t border-line bg-panel px-1 pb-[env(safe-area-inset-bottom)] md:static md:border-0 md:p-0">
          <Nav />
        </div>
        <div className="flex items-center justify-between gap-2 md:mt-auto md:px-1">
          <ThemeSwitch />
          <IconButton label="Keys" aria-keyshortcuts="?" onClick={() => setHelp(true)}>
            <Keyboard aria-hidden className="size-4" />
          </IconButton>
        </div>
      </aside>
      <div className="flex min-w-0 flex-col pb-16 md:pb-0">
        <ConnectionBanner />
        <main id="main" tabIndex={-1} className="min-w-0 flex-1 outline-none">
          {children}
        </main>
      </div>
      <KeyHelp open={help} onOpenChange={setHelp} />
    </div>
  );
}

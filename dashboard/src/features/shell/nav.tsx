import { Link } from "@tanstack/react-router";
import { Boxes, Gauge, ListChecks, type LucideIcon, Server, SquarePlus } from "lucide-react";

export interface Place {
  to: "/" | "/tasks" | "/create" | "/workers" | "/types";
  label: string;
  icon: LucideIcon;
  /** Pressed after `g`. */
  key: string;
}

export const PLACES: readonly Place[] = [
  { to: "/", label: "Overview", icon: Gauge, key: "o" },
  { to: "/tasks", label: "Tasks", icon: ListChecks, key: "t" },
  { to: "/create", label: "Create", icon: SquarePlus, key: "c" },
  { to: "/workers", label: "Workers", icon: Server, key: "w" },
  { to: "/types", label: "Types", icon: Boxes, key: "y" },
];

/** The way to every page: a column on wide screens, a row at the foot of narrow ones. */
export function Nav() {
  return (
    <nav aria-label="Main" className="flex md:flex-col md:gap-0.5">
      {PLACES.map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: to === "/", includeSearch: false }}
          className="flex flex-1 flex-col items-center gap-0.5 rounded-md py-1.5 text-xs text-soft hover:bg-hover hover:text-text md:flex-none md:flex-row md:gap-2.5 md:px-2.5 md:text-[0.93rem] data-[status=active]:font-medium data-[status=active]:text-text md:data-[status=active]:bg-hover"
        >
          <Icon aria-hidden className="size-4.5 md:size-4" />
          {label}
        </Link>
      ))}
    </nav>
  );
}

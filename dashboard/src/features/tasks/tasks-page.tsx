import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, Pause, Play } from "lucide-react";
import { useCallback, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { type Action, allows } from "@/api/status";
import { useKeys } from "@/features/shell/keys";
import { Button, buttonClass, IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Empty } from "@/ui/empty";
import { number, plural } from "@/ui/format";
import { ErrorNote } from "@/ui/note";
import { Page } from "@/ui/page";
import { Rows } from "@/ui/skeleton";
import { BulkDialog, type BulkRequest } from "./bulk-dialog";
import { commandAddress, listCommand } from "./command";
import { actionFilter, filterOf, isEmpty, list, statuses, type TasksSearch } from "./filter";
import { FilterBar, SEARCH_BOX } from "./filter-bar";
import { NEW_LIMIT } from "./live-rows";
import { pageSize } from "./read-page";
import { StatusCounts } from "./status-counts";
import { rowElement, TaskTable } from "./task-table";
import { type LiveState, useLivePage } from "./use-live-page";
import { useSelection } from "./use-selection";
import { CopyCommand, ViewOptions } from "./view-options";

export function TasksPage({ search }: { search: TasksSearch }) {
  const navigate = useNavigate();
  const before = useLocation({ select: (location) => location.state.before }) ?? [];
  const filter = useMemo(() => filterOf(search), [search]);
  const size = pageSize(search.size);
  const [paused, setPaused] = useState(false);
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const [active, setActive] = useState<string | null>(null);
  const [bulk, setBulk] = useState<BulkRequest | null>(null);

  const page = useLivePage({
    filter,
    at: search.at,
    size,
    paused,
    held: pointed || focused || bulk !== null,
  });
  const { live, query, newCount } = page;
  const ids = useSyncExternalStore(live.subscribe, live.ids);
  const selection = useSelection(JSON.stringify(filter), ids);

  const set = useCallback(
    (patch: Partial<Record<keyof TasksSearch, string | undefined>>) =>
      // Another filter starts at its first page.
      void navigate({
        to: "/tasks",
        search: { ...search, at: undefined, ...patch } as TasksSearch,
        replace: "name" in patch,
      }),
    [navigate, search],
  );
  const older = () => {
    if (!query.data?.next || query.isPlaceholderData) return;
    const state = { before: [...before, search.at ?? ""] };
    void navigate({ to: "/tasks", search: { ...search, at: query.data.next }, state });
  };
  const newer = () => {
    if (!search.at) return;
    const { at: _, ...first } = search;
    const at = before.at(-1);
    void navigate({
      to: "/tasks",
      search: at ? { ...first, at } : first,
      state: { before: before.slice(0, -1) },
    });
  };

  const act = (action: Action) => {
    if (selection.all) {
      const meant = actionFilter(filter, action);
      if (meant)
        setBulk({ action, target: { kind: "all", filter: meant, now: Date.now() }, about: about(meant) });
      return;
    }
    const chosen = selection.list().filter((id) => {
      const row = live.row(id);
      return !row || allows(row.status, action);
    });
    if (chosen.length > 0) {
      const left = selection.count - chosen.length;
      const rest = left > 0 ? ` ${plural(left, "other")} cannot be, as they stand.` : "";
      setBulk({ action, target: { kind: "some", ids: chosen }, about: `The selected tasks.${rest}` });
    }
  };
  const can = (action: Action) =>
    selection.all
      ? actionFilter(filter, action) !== null
      : selection.list().some((id) => {
          const row = live.row(id);
          return !row || allows(row.status, action);
        });

  const move = (by: number) => {
    const at = active === null ? -1 : ids.indexOf(active);
    const next = ids[at < 0 ? 0 : Math.max(0, Math.min(ids.length - 1, at + by))];
    if (next === undefined) return;
    setActive(next);
    const row = document.getElementById(rowElement(next));
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  };
  useKeys("Tasks", [
    { keys: "/", help: "Search by name", run: () => document.getElementById(SEARCH_BOX)?.focus() },
    { keys: "j", help: "Next task", run: () => move(1) },
    { keys: "k", help: "Task before", run: () => move(-1) },
    {
      keys: "Enter",
      help: "Open the task",
      run: () => active && live.row(active) && void navigate({ to: "/tasks/$id", params: { id: active } }),
    },
    { keys: "x", help: "Select the task", run: () => active && selection.toggle(active, false) },
    { keys: "a", help: "Select the page", run: selection.togglePage },
    { keys: "A", help: "Select all that match", run: selection.selectAll },
    { keys: "Escape", help: "Select nothing", run: selection.clear },
    { keys: "X", help: "Cancel the selected", run: () => can("cancel") && act("cancel") },
    { keys: "R", help: "Retry the selected", run: () => can("retry") && act("retry") },
    { keys: "n", help: "Show new tasks", run: page.showNew },
    { keys: "p", help: "Pause and go on", run: () => setPaused(!paused) },
    { keys: "]", help: "Older page", run: older },
    { keys: "[", help: "Newer page", run: newer },
  ]);

  const region = useRef<HTMLElement>(null);
  const command = listCommand(filter, commandAddress(window.location.origin));
  return (
    <Page
      title="Tasks"
      actions={
        <>
          <CopyCommand command={command} />
          <ViewOptions size={size} onSize={(size) => set({ size: String(size) })} />
          <LiveButton state={page.state} onClick={() => setPaused(!paused)} />
          <Link to="/create" className={buttonClass("primary")}>
            Create
          </Link>
        </>
      }
    >
      <div className="grid gap-x-5 gap-y-3 lg:grid-cols-[11.5rem_minmax(0,1fr)]">
        <StatusCounts
          types={list(filter.type)}
          chosen={statuses(filter)}
          onChoose={(chosen) => set({ status: chosen.join(",") || undefined })}
        />
        <div className="min-w-0 space-y-3">
          <div className="flex flex-wrap items-center gap-2">
            <FilterBar filter={filter} onChange={set} />
          </div>
          {selection.count > 0 && (
            <BulkBar
              selection={selection}
              can={can}
              act={act}
              more={Boolean(query.data?.next || search.at)}
            />
          )}
          {query.isError && <ErrorNote error={query.error} onRetry={() => void query.refetch()} />}
          {newCount > 0 && (pointed || focused || paused) && !search.at && (
            <Button look="plain" className="w-full border-dashed text-accent" onClick={page.showNew}>
              {newCount >= NEW_LIMIT ? `${number(NEW_LIMIT)} or more` : number(newCount)} new - show
            </Button>
          )}
          <section
            ref={region}
            aria-label="Tasks"
            className="overflow-x-auto rounded-lg border border-line bg-panel"
            onPointerEnter={(event) => event.pointerType === "mouse" && setPointed(true)}
            onPointerLeave={() => setPointed(false)}
            onFocus={() => setFocused(true)}
            onBlur={(event) => {
              if (!event.currentTarget.contains(event.relatedTarget)) setFocused(false);
            }}
          >
            {ids.length > 0 ? (
              <TaskTable
                live={live}
                marks={{ selected: selection.selected, all: selection.all, active }}
                onToggle={selection.toggle}
                onTogglePage={selection.togglePage}
                onActive={setActive}
                stale={query.isPlaceholderData}
              />
            ) : query.isPending ? (
              <div className="p-4" role="status" aria-label="Loading">
                <Rows count={10} />
              </div>
            ) : query.data ? (
              <Nothing
                filtered={!isEmpty(filter)}
                next={query.data.next !== ""}
                first={!search.at}
                onOlder={older}
              />
            ) : null}
          </section>
          <nav aria-label="Pages" className="flex items-center justify-between gap-2 text-soft">
            <span className="text-[0.9rem]" aria-live="polite">
              {search.at
                ? before.length > 0
                  ? `Page ${number(before.length + 1)}`
                  : "A later page"
                : "Page 1"}
              {ids.length > 0 && `, ${plural(ids.length, "task")}`}
            </span>
            <div className="flex gap-2">
              <Button onClick={newer} disabled={!search.at}>
                <ChevronLeft aria-hidden className="size-4" />
                Newer
              </Button>
              <Button onClick={older} disabled={!query.data?.next || query.isPlaceholderData}>
                Older
                <ChevronRight aria-hidden className="size-4" />
              </Button>
            </div>
          </nav>
        </div>
      </div>
      {bulk && (
        <BulkDialog
          request={bulk}
          onClose={(acted) => {
            setBulk(null);
            if (acted) selection.clear();
          }}
        />
      )}
    </Page>
  );
}

function about(filter: ReturnType<typeof filterOf>): string {
  const command = listCommand(filter).replace("task-cli task list", "").trim();
  return `All that match: ${command}. Tasks that are created from now on are left alone.`;
}

const LIVE: Record<LiveState, { label: string; dot: string }> = {
  live: { label: "Live", dot: "bg-succeeded" },
  connecting: { label: "Connecting", dot: "bg-retrying animate-pulse" },
  paused: { label: "Paused", dot: "bg-line-strong" },
};

function LiveButton({ state, onClick }: { state: LiveState; onClick: () => void }) {
  const { label, dot } = LIVE[state];
  const Icon = state === "paused" ? Play : Pause;
  return (
    <Button
      onClick={onClick}
      aria-pressed={state !== "paused"}
      aria-label={`Live updates: ${label.toLowerCase()}`}
      title={state === "paused" ? "Go on" : "Pause"}
    >
      <span aria-hidden className={cx("size-2 rounded-full", dot)} />
      {label}
      <Icon aria-hidden className="size-3.5 text-faint" />
    </Button>
  );
}

function BulkBar(props: {
  selection: ReturnType<typeof useSelection>;
  can: (action: Action) => boolean;
  act: (action: Action) => void;
  /** Whether there are more that match than stand on the page. */
  more: boolean;
}) {
  const { selection, can, act, more } = props;
  return (
    <section
      aria-label="Selection"
      className="sticky top-2 z-20 flex flex-wrap items-center gap-2 rounded-lg border border-line bg-raised px-3 py-1.5 shadow-over"
    >
      <strong role="status" className="font-medium">
        {selection.all ? "All that match" : number(selection.count)} selected
      </strong>
      {!selection.all && more && (
        <Button look="quiet" className="text-accent" onClick={selection.selectAll}>
          Select all that match
        </Button>
      )}
      <div className="ml-auto flex flex-wrap gap-2">
        <Button look="danger" disabled={!can("cancel")} onClick={() => act("cancel")}>
          Cancel…
        </Button>
        <Button disabled={!can("retry")} onClick={() => act("retry")}>
          Retry…
        </Button>
        <IconButton label="Clear selection" onClick={selection.clear} className="w-auto px-2">
          Clear
        </IconButton>
      </div>
    </section>
  );
}

function Nothing(props: { filtered: boolean; next: boolean; first: boolean; onOlder: () => void }) {
  const { filtered, next, first, onOlder } = props;
  if (next) {
    return (
      <Empty
        title="None among the newest tasks"
        action={<Button onClick={onOlder}>Look further back</Button>}
      >
        A rare text takes long to find among many tasks. More conditions make it quicker.
      </Empty>
    );
  }
  if (filtered || !first) {
    return (
      <Empty
        title={first ? "No task meets this filter" : "No tasks here any more"}
        action={
          <Link to="/tasks" className={buttonClass()}>
            Show all tasks
          </Link>
        }
      />
    );
  }
  const address = commandAddress(window.location.origin);
  return (
    <Empty
      title="No tasks yet"
      command={`task-cli task create "My first task" --type simulate -p duration=5s${address ? ` --address ${address}` : ""}`}
      action={
        <Link to="/create" className={buttonClass("primary")}>
          Create one here
        </Link>
      }
    >
      A task is created by a program, by the command line, or here. This one pretends to work for five
      seconds:
    </Empty>
  );
}

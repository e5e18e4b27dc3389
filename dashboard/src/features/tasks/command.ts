/** What is shown, as a command of task-cli. */
import { type Filter, list } from "./filter";

/** A text as one word of a POSIX shell. */
export function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

export function listCommand(filter: Filter, address = ""): string {
  // A value that starts with a dash would be read as a flag of its own.
  const flag = (name: string, value: string) =>
    value.startsWith("-") ? [`${name}=${quote(value)}`] : [name, quote(value)];
  const words = ["task-cli", "task", "list"];
  if (address) words.push(...flag("--address", address));
  if (filter.status) words.push(...flag("--status", list(filter.status).join(",")));
  if (filter.type) words.push(...flag("--type", list(filter.type).join(",")));
  if (filter.queue) words.push(...flag("--queue", list(filter.queue).join(",")));
  if (filter.priority) words.push(...flag("--priority", filter.priority));
  if (filter.name) words.push(...flag("--name", filter.name));
  if (filter.since) words.push(...flag("--since", filter.since));
  if (filter.until) words.push(...flag("--until", filter.until));
  if (filter.payload) words.push(...flag("--payload", filter.payload));
  return words.join(" ");
}

/** The address to name in a command: none where the server is where task-cli looks by itself. */
export function commandAddress(origin: string): string {
  // The development server stands before the service on its usual port.
  return /^http:\/\/(127\.0\.0\.1|localhost):(8080|3000)$/.test(origin) ? "" : origin;
}

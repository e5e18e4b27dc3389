/** The real server and a real worker, on the Postgres that `task-testing` has started. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { TaskService } from "../src/api/gen/task/v1/task_service_pb";

const root = fileURLToPath(new URL("../..", import.meta.url));
const programs = process.env.TASK_PROGRAMS ?? `${process.env.CARGO_TARGET_DIR ?? `${root}target`}/debug`;

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

export class Service {
  private readonly running = new Map<string, ChildProcess>();

  private constructor(
    readonly port: number,
    /** Address of the service's database. */
    readonly database: string,
  ) {}

  static async start(): Promise<Service> {
    const database = process.env.TASK_TEST_POSTGRES_URL;
    if (!database) throw new Error("no Postgres: run `npm run e2e`");
    const service = new Service(await freePort(), database);
    process.once("exit", () => service.kill());
    await service.startServer();
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get client(): Client<typeof TaskService> {
    return createClient(TaskService, createGrpcWebTransport({ baseUrl: this.url }));
  }

  async startServer(): Promise<void> {
    this.spawn("server", "task-server", ["serve", "--listen", `127.0.0.1:${this.port}`]);
    for (let tries = 0; tries < 300; tries++) {
      const ready = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (ready?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("the server does not get ready");
  }

  startWorker(name: string, args: string[] = []): void {
    this.spawn(name, "task-cli", ["serve", "--name", name, ...args]);
  }

  /** Ends a worker as a crash would. */
  async killWorker(name: string): Promise<void> {
    await this.end(name, "SIGKILL");
  }

  /** Ends the server as a crash would. */
  async killServer(): Promise<void> {
    await this.end("server", "SIGKILL");
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.keys()].map((name) => this.end(name, "SIGTERM")));
  }

  private kill(): void {
    for (const child of this.running.values()) child.kill("SIGKILL");
  }

  private spawn(name: string, program: string, args: string[]): void {
    const env = { ...process.env, DATABASE_URL: this.database, TASK_LOG_LEVEL: "warn" };
    this.running.set(
      name,
      spawn(`${programs}/${program}`, args, { env, stdio: ["ignore", "ignore", "inherit"] }),
    );
  }

  private async end(name: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.running.get(name);
    this.running.delete(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    const hard = setTimeout(() => child.kill("SIGKILL"), 8_000);
    await ended;
    clearTimeout(hard);
  }
}

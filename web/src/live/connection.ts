// One WebSocket for the whole page: proves who we are, keeps the subscriptions through reconnections, goes on where it was
// cut off, and hands each channel's messages to its listeners in their order. Knows nothing of React or of what the channels mean.

/** A message of one channel. What the other fields are is the channel's business. */
export interface ChannelMessage {
  type: "snapshot" | "delta" | "status" | "output" | "output_end" | "error";
  channel: string;
  [field: string]: unknown;
}

export interface Subscription {
  onMessage(message: ChannelMessage): void;
  /** Added to the subscribe message each time it is sent, for channels that continue at an offset. */
  resumeWith?(): Record<string, unknown>;
}

/** `waiting`: the connection is gone and a new one is due. */
export type ConnectionState = "idle" | "connecting" | "open" | "waiting";

export interface LiveOptions {
  url: string;
  /** A good access token; rejects when nobody is signed in. */
  token(): Promise<string>;
  /** The server refused the token that was sent. */
  onRefused(token: string): void;
  createSocket?(url: string): WebSocket;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** The server closed because we were too slow or too many: come back later than after a mere cut. */
const BUSY_DELAY_MS = 10_000;
/** Keeps proxies from closing a quiet connection, and finds out when it is dead without having been closed. */
const PING_EVERY_MS = 25_000;
const CLOSED = { notSignedIn: 4401, forbidden: 4403, tooSlow: 4408, tooMany: 4429 } as const;

/** Versions count up by one; those of another epoch are not comparable. */
interface Position {
  epoch: string;
  version: number;
  /** Something was missed, and asked for. */
  asked: boolean;
}

export class LiveConnection {
  private readonly options: LiveOptions;
  private readonly channels = new Map<string, Set<Subscription>>();
  /** What was heard of each channel last. */
  private readonly positions = new Map<string, Position>();
  /** Channels of which a listener has not seen a snapshot yet. */
  private readonly unseen = new Set<string>();
  private readonly stateListeners = new Set<() => void>();
  private socket: WebSocket | null = null;
  private sentToken: string | null = null;
  private ready = false;
  private wanted = false;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private pings: ReturnType<typeof setInterval> | null = null;
  private heard = false;
  private current: ConnectionState = "idle";

  constructor(options: LiveOptions) {
    this.options = options;
  }

  get state(): ConnectionState {
    return this.current;
  }

  onState = (listener: () => void): (() => void) => {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  };

  open(): void {
    if (this.wanted) return;
    this.wanted = true;
    void this.connect();
  }

  close(): void {
    this.wanted = false;
    this.clearTimer();
    this.drop();
    // Another person may be next.
    this.positions.clear();
    this.become("idle");
  }

  /** Tries at once instead of waiting: the network is back, or the page is looked at again. */
  hurry(): void {
    if (this.wanted && this.current === "waiting") void this.connect();
  }

  /** Proves anew who we are, before the token that was sent ends. */
  authenticate(token: string): void {
    if (!this.socket || this.socket.readyState !== WebSocket.OPEN || token === this.sentToken) return;
    this.sentToken = token;
    this.send({ type: "auth", token });
  }

  subscribe(channel: string, subscription: Subscription): () => void {
    let listeners = this.channels.get(channel);
    if (!listeners) {
      listeners = new Set();
      this.channels.set(channel, listeners);
    }
    listeners.add(subscription);
    // The first listener asks; a later one asks again, since it has not seen the snapshot.
    this.unseen.add(channel);
    if (this.ready) this.ask(channel, subscription);
    return () => {
      listeners.delete(subscription);
      if (listeners.size > 0 || this.channels.get(channel) !== listeners) return;
      this.channels.delete(channel);
      this.positions.delete(channel);
      this.unseen.delete(channel);
      if (this.ready) this.send({ type: "unsubscribe", channels: [channel] });
    };
  }

  private async connect(): Promise<void> {
    this.clearTimer();
    this.drop();
    this.become("connecting");
    let token: string;
    try {
      token = await this.options.token();
    } catch {
      if (this.wanted) this.retryIn(this.nextDelay());
      return;
    }
    if (!this.wanted || this.socket) return;
    const create = this.options.createSocket ?? ((url) => new WebSocket(url));
    const socket = create(this.options.url);
    this.socket = socket;
    this.sentToken = token;
    socket.addEventListener("open", () => this.send({ type: "auth", token }));
    socket.addEventListener("message", (event: MessageEvent) => this.receive(socket, event.data));
    socket.addEventListener("close", (event: CloseEvent) => this.closed(socket, event.code));
  }

  private receive(socket: WebSocket, data: unknown): void {
    if (socket !== this.socket || typeof data !== "string") return;
    this.heard = true;
    const message = parse(data);
    if (!message) return;
    if (message.type === "ready") {
      // Also the answer to a repeated proof: the subscriptions stand already then.
      if (this.ready) return;
      this.ready = true;
      this.failures = 0;
      this.become("open");
      this.pings = setInterval(() => this.ping(socket), PING_EVERY_MS);
      for (const known of this.positions.values()) known.asked = false;
      for (const [channel, listeners] of this.channels) {
        const [first] = listeners;
        if (first) this.ask(channel, first);
      }
      return;
    }
    if (typeof message.channel !== "string") return;
    const listeners = this.channels.get(message.channel);
    if (!listeners || !this.isNext(message as ChannelMessage)) return;
    for (const listener of listeners) listener.onMessage(message as ChannelMessage);
  }

  /** Whether this is what comes after what was heard. Where something is missing, it is asked for. */
  private isNext(message: ChannelMessage): boolean {
    const { type, channel, epoch, version, from } = message;
    if (typeof version !== "number") return true;
    if (type === "snapshot") {
      this.unseen.delete(channel);
      if (typeof epoch === "string") this.positions.set(channel, { epoch, version, asked: false });
      return true;
    }
    const known = this.positions.get(channel);
    if (type !== "delta" || !known) return true;
    if (version <= known.version) {
      // The answer that nothing was missed.
      if (typeof from === "number") known.asked = false;
      return false;
    }
    if ((typeof from === "number" ? from : version - 1) > known.version) {
      const [first] = this.channels.get(channel) ?? [];
      if (first && !known.asked) this.ask(channel, first);
      known.asked = true;
      return false;
    }
    known.version = version;
    known.asked = false;
    return true;
  }

  private ping(socket: WebSocket): void {
    if (!this.heard) {
      socket.close();
      this.closed(socket, 0);
      return;
    }
    this.heard = false;
    this.send({ type: "ping" });
  }

  private closed(socket: WebSocket, code: number): void {
    if (socket !== this.socket) return;
    this.forgetSocket();
    if (code === CLOSED.notSignedIn && this.sentToken) this.options.onRefused(this.sentToken);
    if (!this.wanted) return;
    const busy = code === CLOSED.tooMany || code === CLOSED.tooSlow || code === CLOSED.forbidden;
    const delay = this.nextDelay();
    this.retryIn(busy ? Math.max(delay, BUSY_DELAY_MS) : delay);
  }

  private nextDelay(): number {
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.failures);
    this.failures += 1;
    // A part of it by chance, so that a restarted server does not meet everyone at once.
    return longest * (0.5 + Math.random() / 2);
  }

  private retryIn(milliseconds: number): void {
    this.become("waiting");
    this.timer = setTimeout(() => void this.connect(), milliseconds);
  }

  private ask(channel: string, subscription: Subscription): void {
    const known = this.unseen.has(channel) ? undefined : this.positions.get(channel);
    this.send({
      type: "subscribe",
      channels: [channel],
      ...(known ? { resume: { [channel]: { epoch: known.epoch, version: known.version } } } : {}),
      ...subscription.resumeWith?.(),
    });
  }

  private send(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private drop(): void {
    const socket = this.socket;
    this.forgetSocket();
    socket?.close();
  }

  private forgetSocket(): void {
    this.socket = null;
    this.ready = false;
    if (this.pings) clearInterval(this.pings);
    this.pings = null;
  }

  private clearTimer(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  private become(state: ConnectionState): void {
    if (this.current === state) return;
    this.current = state;
    for (const listener of this.stateListeners) listener();
  }
}

function parse(data: string): { type: string; channel?: unknown } | null {
  try {
    const message: unknown = JSON.parse(data);
    return typeof message === "object" && message !== null && "type" in message
      ? (message as { type: string; channel?: unknown })
      : null;
  } catch {
    return null;
  }
}

// Stands between browser and server and cuts every connection at once, when told to: in the middle of a request, as a
// lost network does. Forwards bytes as they are, at once or as a long way would.

import { once } from "node:events";
import { createServer, type Server, Socket } from "node:net";

/** How far away the server seems to be. */
export interface Distance {
  /** Of each byte, in each direction. */
  delayMs: number;
  /** Bytes of one connection that may be on their way to the server. */
  window: number;
}

export class CuttableProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private sent = 0;
  private cutAt = Number.POSITIVE_INFINITY;
  private cuts = 0;

  private constructor(
    private readonly target: URL,
    private readonly distance: Distance | null,
  ) {
    this.server = createServer({ allowHalfOpen: false }, (client) => this.join(client));
  }

  static async before(url: string, distance: Distance | null = null): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(new URL(url), distance);
    proxy.server.listen(0, "127.0.0.1");
    await once(proxy.server, "listening");
    return proxy;
  }

  get url(): string {
    const address = this.server.address();
    if (!address || typeof address === "string") throw new Error("the proxy does not listen");
    return `http://127.0.0.1:${address.port}`;
  }

  /** Bytes that went from the browser to the server. */
  get bytesSent(): number {
    return this.sent;
  }

  get timesCut(): number {
    return this.cuts;
  }

  /** Cuts once, when this many more bytes have gone to the server. */
  cutAfter(bytes: number): void {
    this.cutAt = this.sent + bytes;
  }

  close(): void {
    this.server.close();
    this.cut();
  }

  private join(client: Socket): void {
    const server = new Socket();
    server.connect(Number(this.target.port || 80), this.target.hostname);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(from);
      from.on("error", () => from.destroy());
      from.on("close", () => {
        this.sockets.delete(from);
        // Behind what is still on its way.
        if (this.distance && !from.errored) setTimeout(() => to.destroy(), this.distance.delayMs + 1);
        else to.destroy();
      });
    }
    client.on("data", (chunk) => {
      this.sent += chunk.length;
      if (this.sent < this.cutAt) return;
      this.cutAt = Number.POSITIVE_INFINITY;
      this.cuts += 1;
      this.cut();
    });
    if (this.distance) {
      carry(client, server, this.distance);
      carry(server, client, this.distance);
    } else {
      client.pipe(server);
      server.pipe(client);
    }
  }

  private cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Delivers bytes later, and takes no more than fit on the way until it is known that they came. */
function carry(from: Socket, to: Socket, { delayMs, window }: Distance): void {
  let onTheWay = 0;
  from.on("data", (chunk) => {
    onTheWay += chunk.length;
    if (onTheWay >= window) from.pause();
    setTimeout(() => to.write(chunk), delayMs);
    setTimeout(() => {
      onTheWay -= chunk.length;
      if (onTheWay < window) from.resume();
    }, 2 * delayMs);
  });
  from.on("end", () => setTimeout(() => to.end(), delayMs));
}

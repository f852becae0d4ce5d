/** What goes over the lines of a simulated world, counted: by protocol, and by who it goes to. */
export interface Flow { frames: number, bytes: number }

export class Traffic {
  readonly #byProtocol = new Map<string, Flow>()
  readonly #byPair = new Map<string, Map<string, Flow>>()

  /** A frame from one to the other; both by name. */
  count ({ to, protocol, bytes }: { readonly to: string, readonly protocol: string, readonly bytes: number }): void {
    add(this.#byProtocol, protocol, bytes)
    const flows = this.#byPair.get(to) ?? new Map<string, Flow>()
    this.#byPair.set(to, flows)
    add(flows, protocol, bytes)
  }

  get protocols (): ReadonlyMap<string, Flow> { return this.#byProtocol }

  /** What came to one of them. */
  to (name: string): ReadonlyMap<string, Flow> { return this.#byPair.get(name) ?? new Map() }
}

function add (flows: Map<string, Flow>, protocol: string, bytes: number): void {
  const flow = flows.get(protocol)
  if (flow === undefined) flows.set(protocol, { frames: 1, bytes })
  else {
    flow.frames += 1
    flow.bytes += bytes
  }
}

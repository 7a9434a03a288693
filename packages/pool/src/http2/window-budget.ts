/**
 * One budget for what all peers of a process can make it hold. A peer may send each open stream as much as its window allows, read or not,
 * so every open stream is charged its window before it is opened, and more before it grows; what can not be charged waits. Pure.
 *
 * The window of a session does not count: Node gives it back as bytes arrive, so it bounds what is on the way, not what is held.
 * A change counts when the peer has acknowledged it; until then the larger of both windows does.
 */

/** What an account asks of whoever has it. Both may be called while another account is being changed. */
export interface AccountHost {
  /** Others need room: make the windows smaller if they are large. */
  readonly pressed: () => void;
  /** There is room again after an `admit` that was refused. */
  readonly room: () => void;
}

/** Windows grow only into this part of the budget, so that newcomers find room at once. */
const growShare = 1 / 2;
/** From this part on large windows are asked to shrink, before anybody has to wait. */
const pressShare = 3 / 4;

export class WindowBudget {
  /** What origins have named, each as often as it was named. */
  readonly #named: number[] = [];
  readonly #accounts = new Set<WindowAccount>();
  readonly #default: number;
  #usedBytes = 0;

  constructor(bytesMax: number) {
    this.#default = bytesMax;
  }

  /** The smallest bound that anybody has named. */
  get bytesMax(): number {
    return this.#named.length === 0 ? this.#default : Math.min(...this.#named);
  }

  /** What all peers together could make this process hold now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Names a bound; the function returned takes it back. */
  limit(bytesMax: number): () => void {
    this.#named.push(bytesMax);
    let named = true;
    return () => {
      if (!named) return;
      named = false;
      this.#named.splice(this.#named.indexOf(bytesMax), 1);
      this.#tellRoom();
    };
  }

  /** An account for one session whose streams have windows of `windowBytes`. */
  open(windowBytes: number, host: AccountHost): WindowAccount {
    const account = new WindowAccount(this, windowBytes, host);
    this.#accounts.add(account);
    return account;
  }

  /** For accounts only: charges, if `share` of the budget still has room for it. */
  charge(bytes: number, share: "all" | "grow"): boolean {
    const bound = share === "all" ? this.bytesMax : this.bytesMax * growShare;
    const fits = this.#usedBytes + bytes <= bound;
    if (fits) this.#usedBytes += bytes;
    if (share === "all" && this.#usedBytes + (fits ? 0 : bytes) > this.bytesMax * pressShare) for (const each of this.#accounts) each.press();
    return fits;
  }

  /** For accounts only. */
  release(bytes: number): void {
    this.#usedBytes -= bytes;
    if (bytes > 0) this.#tellRoom();
  }

  /** For accounts only. */
  forget(account: WindowAccount): void {
    this.#accounts.delete(account);
  }

  #tellRoom(): void {
    for (const each of this.#accounts) each.tellRoom();
  }
}

/** The charges of one session. */
export class WindowAccount {
  readonly #budget: WindowBudget;
  readonly #host: AccountHost;
  #streams = 0;
  /** What the peer has acknowledged, and what it has been told and not acknowledged. */
  #windowBytes: number;
  #toldBytes: number | null = null;
  /** Bytes held beyond the window by streams that were sent them while it was larger. */
  #keptBytes = 0;
  #refused = false;
  #isClosed = false;

  constructor(budget: WindowBudget, windowBytes: number, host: AccountHost) {
    this.#budget = budget;
    this.#windowBytes = windowBytes;
    this.#host = host;
  }

  /** What the peer could make this session hold now. */
  get chargedBytes(): number {
    return this.#streams * this.#each + this.#keptBytes;
  }

  /** A change is on its way. */
  get isChanging(): boolean {
    return this.#toldBytes !== null;
  }

  /** One more stream; false when it has to wait for `room`. */
  admit(): boolean {
    this.#refused = !this.#budget.charge(this.#each, "all");
    if (!this.#refused) this.#streams++;
    return !this.#refused;
  }

  /** A stream is gone, with the bytes that were kept for it. */
  leave(keptBytes: number): void {
    // Streams of a session that is gone end after it.
    if (this.#isClosed) return;
    this.#streams--;
    this.#keptBytes -= keptBytes;
    this.#budget.release(this.#each + keptBytes);
  }

  /** Before the peer is told of another window. False: it must not be told. */
  change(windowBytes: number): boolean {
    if (this.#toldBytes !== null) return false;
    const more = Math.max(0, windowBytes - this.#windowBytes) * this.#streams;
    if (more > 0 && !this.#budget.charge(more, "grow")) return false;
    this.#toldBytes = windowBytes;
    return true;
  }

  /** The peer has acknowledged. `keptBytes`: what streams hold beyond a window that is smaller now. */
  acknowledged(keptBytes: number): void {
    if (this.#toldBytes === null || this.#isClosed) return;
    const before = this.chargedBytes;
    this.#windowBytes = this.#toldBytes;
    this.#toldBytes = null;
    this.#keptBytes += keptBytes;
    this.#budget.release(before - this.chargedBytes);
  }

  /** The session is gone, and all that it held. */
  close(): void {
    if (this.#isClosed) return;
    const charged = this.chargedBytes;
    this.#isClosed = true;
    this.#streams = 0;
    this.#keptBytes = 0;
    this.#budget.forget(this);
    this.#budget.release(charged);
  }

  /** For the budget only. */
  press(): void {
    if (this.#streams > 0) this.#host.pressed();
  }

  /** For the budget only. */
  tellRoom(): void {
    if (!this.#refused) return;
    this.#refused = false;
    this.#host.room();
  }

  get #each(): number {
    return Math.max(this.#windowBytes, this.#toldBytes ?? 0);
  }
}

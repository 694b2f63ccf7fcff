// One address of the API, read again and again: what was read last stays while newer is on its way
// or the daemon is silent, always with the time it was read.
import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { getJson } from "./api.js";

const RETRY_MS = 5000;
const SLOW_MS = 400;

class Source {
  constructor(every) {
    this.every = every;
    this.seen = signal({ path: null, data: null, at: null, failed: null, slow: false, retryAt: 0 });
    this.stopped = true;
    this.wake = () => document.visibilityState === "visible" && !this.stopped && this.read();
  }

  start(path) {
    this.stop();
    this.stopped = false;
    this.path = path;
    document.addEventListener("visibilitychange", this.wake);
    this.read();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    this.abort?.abort();
    document.removeEventListener("visibilitychange", this.wake);
  }

  set(change) {
    this.seen.value = { ...this.seen.value, ...change };
  }

  async read() {
    clearTimeout(this.timer);
    this.abort?.abort();
    const abort = (this.abort = new AbortController());
    const slow = setTimeout(() => this.set({ slow: true }), SLOW_MS);
    try {
      const data = await getJson(this.path, { signal: abort.signal });
      this.set({ path: this.path, data, at: Date.now(), failed: null, slow: false, retryAt: 0 });
      this.again(this.every);
    } catch (failed) {
      if (abort.signal.aborted) return;
      const retry = failed.kind === "silent";
      this.set({ failed, slow: false, retryAt: retry ? Date.now() + RETRY_MS : 0 });
      this.again(retry ? RETRY_MS : 0);
    } finally {
      clearTimeout(slow);
    }
  }

  again(ms) {
    if (ms && !this.stopped && document.visibilityState === "visible") {
      this.timer = setTimeout(() => this.read(), ms);
    }
  }
}

// path null: do not read (signed out, or nothing asked for).
export function useSource(path, every = 0) {
  const source = useMemo(() => new Source(every), []);
  useEffect(() => {
    source.every = every;
    if (path) source.start(path);
    return () => source.stop();
  }, [path, every]);
  const seen = source.seen.value;
  return { ...seen, current: seen.path === path, refresh: () => source.read() };
}

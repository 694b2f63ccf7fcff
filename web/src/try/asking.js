// Asks the daemon what it would do with the text: 60 ms after the last key, the newest answer wins,
// old marks stay where they were until then.
import { useEffect, useRef, useState } from "preact/hooks";
import { post } from "../api.js";
import { moved, orderly } from "./marks.js";

const PAUSE_MS = 60;
const RETRY_MS = 5000;
export const NOTHING = { text: "", findings: [], micros: 0, chars: 0, stored: 0 };

async function ask(text, allow, signal) {
  const answer = await (await post("/api/v1/try", { text, allow: [...allow] }, { signal })).json();
  return {
    text: answer.text, micros: answer.micros, chars: answer.chars, stored: answer.stored_bytes,
    findings: orderly(answer.findings ?? [], text.length),
  };
}

// The same question for a file that is not in the editor: how many findings, by what happens.
export async function askOnce(text, allow) {
  return ask(text, allow);
}

// allow: the types that the visitor lets leave as they are.
export function useAsking(allow) {
  const [state, setState] = useState({ text: "", answer: NOTHING, spans: [], waiting: false, failed: null });
  const running = useRef({ timer: 0, abort: null });

  const wanted = useRef(allow);
  wanted.current = allow;

  const send = async (text) => {
    running.current.abort?.abort();
    const abort = (running.current.abort = new AbortController());
    try {
      const answer = text ? await ask(text, wanted.current, abort.signal) : NOTHING;
      if (abort.signal.aborted) return;
      setState((s) => ({ ...s, answer, spans: answer.findings, waiting: false, failed: null }));
    } catch (failed) {
      if (abort.signal.aborted) return;
      setState((s) => ({ ...s, waiting: false, failed: { ...failed, message: failed.message, retryAt: Date.now() + RETRY_MS } }));
      if (failed.kind === "silent") running.current.timer = setTimeout(() => send(text), RETRY_MS);
    }
  };

  const change = (text) => {
    running.current.abort?.abort();
    clearTimeout(running.current.timer);
    setState((s) => ({ ...s, text, spans: moved(s.spans, s.text, text), waiting: true }));
    running.current.timer = setTimeout(() => send(text), PAUSE_MS);
  };

  useEffect(() => {
    if (state.text) change(state.text);
  }, [allow]);
  useEffect(() => () => {
    clearTimeout(running.current.timer);
    running.current.abort?.abort();
  }, []);
  return { ...state, change };
}

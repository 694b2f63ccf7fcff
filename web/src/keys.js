// Keyboard: pages name their keys; letters are off in fields, in dialogs, with modifiers, and when
// the person switched them off (WCAG 2.1.4).
import { useLayoutEffect, useRef } from "preact/hooks";
import { letterKeys } from "./settings.js";

const inField = (target) =>
  target instanceof Element && Boolean(target.closest("input, textarea, select, dialog, [contenteditable]"));

function wanted(event) {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return null;
  if (/^F\d+$/.test(event.key)) return event.shiftKey ? `Shift+${event.key}` : event.key;
  if (inField(event.target)) return null;
  if (event.key.length === 1 && letterKeys.value === "off") return null;
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

// acts: {key: function}; a function that returns false leaves the key to the browser.
export function useKeys(acts) {
  const latest = useRef(acts);
  latest.current = acts;
  // Before the page is painted: a key that is pressed at a card as soon as it is seen must find its handler.
  useLayoutEffect(() => {
    const pressed = (event) => {
      const key = wanted(event);
      const act = key !== null && Object.hasOwn(latest.current, key) && latest.current[key];
      if (act && act(event) !== false) event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}

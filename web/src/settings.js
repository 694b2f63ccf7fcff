// What a person chose on this machine: look and single-letter keys. Nothing else is stored but answers of the checklist
// that are not in the log yet (answers.js).
import { effect, signal } from "@preact/signals";

function stored(name, allowed, fallback) {
  try {
    const value = localStorage.getItem(name);
    return allowed.includes(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Storage may be switched off; the choice then lasts as long as the page.
  }
}

export const theme = signal(stored("theme", ["system", "light", "dark"], "system"));
export const letterKeys = signal(stored("letter-keys", ["on", "off"], "on"));

export function startSettings() {
  effect(() => {
    keep("theme", theme.value);
    if (theme.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
  effect(() => keep("letter-keys", letterKeys.value));
}

// The way in, where a sale has a door: ask for a permit, do the work that is asked for, wait for a place.

import { zeroBits } from "./sha256.js";

const SLICE = 12; // milliseconds of work, after which the page may breathe
const CHALLENGES = 3; // that are solved before we give up
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The work: a number that, behind the challenge, makes a hash begin with so many zero bits. */
export async function solve(challenge, bits, progress) {
  const zeros = zeroBits(`${challenge}:`);
  let until = performance.now() + SLICE;
  for (let number = 0; ; number += 1) {
    if (zeros(String(number)) >= bits) return String(number);
    if (number % 64 || performance.now() < until) continue;
    progress(1 - Math.exp(-number / 2 ** bits)); // how likely it was to be found by now
    await pause(0);
    until = performance.now() + SLICE;
  }
}

/**
 * Ask at `url` until there is a permit. Answers {permit}, or {kind, again} when there is none. `send` posts a body and
 * answers the response; `show` is told what is going on: "working" (with a share), "no_place".
 */
export async function enter(url, send, trap, show) {
  let body = { website: trap };
  for (let solved = 0; ; ) {
    const response = await send(url, body);
    const told = await response.json();
    if (response.ok && told.permit) return { permit: told.permit };
    if (response.status === 202) {
      show("no_place");
      await pause(1000 * told.wait);
    } else if (told.code === "challenge" && solved < CHALLENGES) {
      solved += 1;
      show("working", 0);
      const work = await solve(told.challenge, told.bits, (share) => show("working", share));
      body = { challenge: told.challenge, work, website: trap };
    } else {
      return { kind: told.code, again: response.headers.get("Retry-After") };
    }
  }
}

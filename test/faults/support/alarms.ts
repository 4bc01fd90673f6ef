/**
 * Rings what waits for half a minute because its grace period was over when it could not be decided. An alarm may ring at
 * any time, so this changes nothing but how long the test takes. Locked rows are somebody's at this moment anyway.
 */
export const makeDueEarly = `
  update job set due_at = now()
   where id in (select id from job where state = 'unconfirmed' and due_at > now() + interval '5 s' for update skip locked)`;

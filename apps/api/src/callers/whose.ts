import type { By } from '@app/lifecycle/commands';
import type { Whose } from '@app/persistence';
import type { Caller } from './api-keys';

/** Endpoints and deliveries are their client's; an admin looks after those of all. */
export function whoseOf({ name, role }: Caller): Whose {
  return role === 'admin' ? 'anybody' : { client: name }; // guard: only-admins-see-all
}

export function by(caller: Caller): By {
  return { actor: caller.name, whose: whoseOf(caller) };
}

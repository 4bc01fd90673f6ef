import type { EndpointRow, WholeDelivery } from '@app/persistence';
import type { Caller } from './callers/api-keys';

/** Rows as the outside sees them; the shapes are those of libs/contract. */
export function endpointView(endpoint: EndpointRow) {
  return { ...endpoint, paused: endpoint.pausedAt !== null };
}

export function secretView({ endpoint, secret }: { endpoint: EndpointRow; secret: string }) {
  return { ...endpointView(endpoint), secret };
}

/** What a stranger's server has answered may be anything, an inner page among it, if somebody has led us there. */
export function deliveryView({ tries, ...delivery }: WholeDelivery, { role }: Caller) {
  const mayRead = role === 'admin'; // guard: answers-for-admins
  return { ...delivery, tries: tries.map((one) => ({ ...one, answer: mayRead ? one.answer : null })) };
}

export const events = { title: 'Events', event: 'Event' };

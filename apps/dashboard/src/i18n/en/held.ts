export const held = { title: 'Held' };

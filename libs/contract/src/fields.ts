import { z } from 'zod';

/** A moment, in ISO 8601. */
export const at = z.iso.datetime();

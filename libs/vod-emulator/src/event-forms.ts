import { z } from 'zod';
import { inColonMilliseconds, inSeconds } from './times';

/**
 * How events are printed where VOD's pages differ (docs/vod.md, "Events"). `own` is what the page of the event shows.
 */
export interface EventForms {
  /** `older`: the pages of 2021, with times in seconds, and without the fields that came later. */
  pages: 'newest' | 'older';
  time: 'own' | 'seconds' | 'colon_milliseconds';
  /** `Data`: JSON text, or the object itself. */
  data: 'own' | 'text' | 'object';
  /** `Code` and `Message`, which the tables describe as failure's and the samples print always. */
  verdict: 'always' | 'of_failure' | 'never';
  /** `Data` of a failed job, of which no page says anything. */
  dataOfFailure: 'own' | 'absent' | 'empty_text' | 'empty_object_text';
  /** VideoAnalysisComplete: text as in its sample, or numbers as in its table. */
  numbers: 'text' | 'number';
  /** UploadByURLComplete: keys with a trailing blank, as its samples print some. */
  blankKeys: boolean;
}

export const OWN_FORMS: EventForms = {
  pages: 'newest',
  time: 'own',
  data: 'own',
  verdict: 'always',
  dataOfFailure: 'own',
  numbers: 'text',
  blankKeys: false,
};

export const eventFormsPatch = z.strictObject({
  pages: z.enum(['newest', 'older']).optional(),
  time: z.enum(['own', 'seconds', 'colon_milliseconds']).optional(),
  data: z.enum(['own', 'text', 'object']).optional(),
  verdict: z.enum(['always', 'of_failure', 'never']).optional(),
  dataOfFailure: z.enum(['own', 'absent', 'empty_text', 'empty_object_text']).optional(),
  numbers: z.enum(['text', 'number']).optional(),
  blankKeys: z.boolean().optional(),
});
export type EventFormsPatch = z.infer<typeof eventFormsPatch>;

export function patchForms(forms: EventForms, patch: EventFormsPatch = {}): EventForms {
  return {
    pages: patch.pages ?? forms.pages,
    time: patch.time ?? forms.time,
    data: patch.data ?? forms.data,
    verdict: patch.verdict ?? forms.verdict,
    dataOfFailure: patch.dataOfFailure ?? forms.dataOfFailure,
    numbers: patch.numbers ?? forms.numbers,
    blankKeys: patch.blankKeys ?? forms.blankKeys,
  };
}

/** `EventTime`, of an event whose newest page writes it as `own` does. */
export function eventTime({ pages, time }: EventForms, own: (atMs: number) => string, atMs: number): string {
  if (time === 'colon_milliseconds') return inColonMilliseconds(atMs);
  return time === 'seconds' || pages === 'older' ? inSeconds(atMs) : own(atMs);
}

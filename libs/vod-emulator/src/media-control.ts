import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { z } from 'zod';
import { refuse } from './control-answers';
import { MEDIA_STATUSES } from './media';
import { MEDIA_EVENT_TYPES, type MediaEventType, type MediaOccasion } from './media-events';
import type { Upload } from './uploads';
import type { MediaView } from './views';

// Media for people and tests: what VOD's own calls would need a file for.

const name = z.string().min(1).max(1024);
const seconds = z.number().min(0).max(10_000_000);
const bytes = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const newMedia = z.strictObject({
  /** Default: drawn. */
  mediaId: z.string().min(1).max(128).optional(),
  /** Default: the first one. */
  region: z.string().optional(),
  appId: name.optional(),
  title: name.optional(),
  description: name.optional(),
  tags: name.optional(),
  cateId: z.number().int().min(0).optional(),
  cateName: name.optional(),
  fileName: name.optional(),
  durationSeconds: seconds.optional(),
  sizeBytes: bytes.optional(),
  status: z.enum(MEDIA_STATUSES).optional(),
  /** Default: now. */
  createdAt: z.iso.datetime().optional(),
});
export type NewMedia = z.infer<typeof newMedia>;

const mediaQuery = z.strictObject({
  region: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(100_000).default(100),
});
export type MediaFilter = Partial<z.infer<typeof mediaQuery>>;

const upload = z.strictObject({
  durationSeconds: seconds.optional(),
  sizeBytes: bytes.optional(),
  status: z.enum(['success', 'fail']).optional(),
});

const mediaEvent = z.strictObject({
  type: z.enum(MEDIA_EVENT_TYPES),
  /** Of those that know failure. Default `success`. */
  status: z.enum(['success', 'fail']).optional(),
  variant: z.enum(['partial', 'stream']).optional(),
  extend: z.string().max(512).optional(),
});

export type AddOutcome =
  { outcome: 'added'; media: MediaView } | { outcome: 'id_taken' } | { outcome: 'unknown_region'; regions: readonly string[] };
export type UploadOutcome = 'uploaded' | 'not_waiting' | 'unknown_media';

export interface MediaControls {
  media(filter: MediaFilter): MediaView[];
  addMedia(media: NewMedia): AddOutcome;
  removeMedia(mediaId: string): boolean;
  upload(mediaId: string, upload: Upload): UploadOutcome;
  /** False where nobody is set to hear it. */
  tellOfMedia(mediaId: string, type: MediaEventType, occasion: MediaOccasion): boolean;
}

interface MediaParams {
  Params: { id: string };
}

export function mediaRoutes(emulator: MediaControls): FastifyPluginAsync {
  return async (app) => {
    app.get('/media', async (request, reply) => {
      const query = mediaQuery.safeParse(request.query);
      return query.success ? { items: emulator.media(query.data) } : refuse(reply, query.error, mediaQuery);
    });

    app.post('/media', async (request, reply) => {
      const body = newMedia.safeParse(request.body ?? {});
      if (!body.success) return refuse(reply, body.error, newMedia);
      const added = emulator.addMedia(body.data);
      switch (added.outcome) {
        case 'added':
          return reply.code(201).send(added.media);
        case 'id_taken':
          return reply.code(409).send({ code: 'id_taken', message: 'There is a media of this id already.' });
        case 'unknown_region':
          return reply
            .code(400)
            .send({ code: 'unknown_region', message: `Expected one of ${added.regions.join(', ')}.` });
      }
    });

    app.delete<MediaParams>('/media/:id', async (request, reply) =>
      emulator.removeMedia(request.params.id) ? reply.code(204).send() : noSuchMedia(reply),
    );

    app.post<MediaParams>('/media/:id/upload', async (request, reply) => {
      const body = upload.safeParse(request.body ?? {});
      if (!body.success) return refuse(reply, body.error, upload);
      switch (emulator.upload(request.params.id, body.data)) {
        case 'uploaded':
          return reply.code(202).send({ uploaded: true });
        case 'not_waiting':
          return reply.code(409).send({ code: 'not_waiting', message: 'The media waits for no file.' });
        case 'unknown_media':
          return noSuchMedia(reply);
      }
    });

    app.post<MediaParams>('/media/:id/events', async (request, reply) => {
      const body = mediaEvent.safeParse(request.body ?? {});
      if (!body.success) return refuse(reply, body.error, mediaEvent);
      const { type, status, ...occasion } = body.data;
      return emulator.tellOfMedia(request.params.id, type, { ...occasion, failed: status === 'fail' })
        ? reply.code(202).send({ sent: true })
        : reply.code(409).send({ code: 'no_target', message: 'Nobody is set to hear it: no URL and no queue.' });
    });
  };
}

function noSuchMedia(reply: FastifyReply): FastifyReply {
  return reply.code(404).send({ code: 'not_found', message: 'Nobody added such a media.' });
}

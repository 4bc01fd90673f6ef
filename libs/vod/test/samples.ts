import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Folder = 'api' | 'errors' | 'events' | 'mns' | 'vectors';

const folderOf = (folder: Folder) => join(__dirname, 'samples', folder);

export function sampleNames(folder: Folder): string[] {
  return readdirSync(folderOf(folder)).toSorted();
}

export function sampleBytes(folder: Folder, name: string): Buffer {
  return readFileSync(join(folderOf(folder), name));
}

export function sampleText(folder: Folder, name: string): string {
  return sampleBytes(folder, name).toString('utf8');
}

export function sampleJson<T>(folder: Folder, name: string): T {
  return JSON.parse(sampleText(folder, name)) as T;
}

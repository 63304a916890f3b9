import type { ObjectFile, ObjectFiles } from '../../../src/firehose/destinations/object-files.ts'

/** The same files, each call told first, with the path that it is about. What `told` throws the call rejects with. */
export function callsTo(files: ObjectFiles, told: (call: string, path: string) => void): ObjectFiles {
  return {
    open: async (path, flags) => {
      told('open', path)
      return toldFile(await files.open(path, flags), path, told)
    },
    mkdir: async (path) => {
      told('mkdir', path)
      return files.mkdir(path)
    },
    lstat: async (path) => {
      told('lstat', path)
      return files.lstat(path)
    },
    rename: async (from, to) => {
      told('rename', to)
      return files.rename(from, to)
    },
    unlink: (path) => files.unlink(path),
    readdir: async (path) => {
      told('readdir', path)
      return files.readdir(path)
    },
    realpath: async (path) => {
      told('realpath', path)
      return files.realpath(path)
    },
  }
}

function toldFile(file: ObjectFile, path: string, told: (call: string, path: string) => void): ObjectFile {
  return {
    write: async (bytes, at, count) => {
      told('write', path)
      // A system may take less than it is given.
      return file.write(bytes, at, Math.min(count, 1))
    },
    sync: async () => {
      told('sync', path)
      return file.sync()
    },
    close: async () => {
      await file.close()
      told('close', path)
    },
  }
}

/** Files of which one call fails, the `failing`th; `met` says whether it came to that. */
export function faultyFiles(
  files: ObjectFiles,
  failing: number,
  code: string,
): { readonly files: ObjectFiles; readonly met: boolean } {
  let calls = 0
  return {
    files: callsTo(files, (call, path) => {
      if (calls++ === failing) throw Object.assign(new Error(`${code}: ${call} '${path}'`), { code })
    }),
    get met() {
      return calls > failing
    },
  }
}

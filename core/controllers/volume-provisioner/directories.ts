// The seam to the disk: directories and files that are volumes. Given from outside, so that tests need none.

export interface VolumeDirectories {
  /** Makes a directory that every container may write to and answers its path; one that is there already is kept. Rejects with the system's words. */
  make(name: string): Promise<string>;
  /** Makes a file of that many bytes, for a raw block volume, and answers its path; one that is there already is kept. Nothing is written: it takes room as it is used. */
  makeFile(name: string, bytes: number): Promise<string>;
  /** Makes a file larger, and the devices that show it; never smaller. */
  growFile(path: string, bytes: number): Promise<void>;
  /** Fills a volume `make` or `makeFile` made with the data of another, owners and modes included. */
  copy(from: string, to: string): Promise<void>;
  /** Removes what `make` or `makeFile` made, with all that is in it; nothing when it is gone. Rejects for any other path. */
  remove(path: string): Promise<void>;
}

/** By this name classes ask for volumes of this host. */
export const LOCAL_PROVISIONER = 'storage.pilothouse.dev/local';

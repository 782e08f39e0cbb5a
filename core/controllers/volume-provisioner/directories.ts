// The seam to the disk: directories that are volumes. Given from outside, so that tests need none.

export interface VolumeDirectories {
  /** Makes a directory that every container may write to and answers its path; one that is there already is kept. Rejects with the system's words. */
  make(name: string): Promise<string>;
  /** Removes a directory `make` made, with all that is in it; nothing when it is gone. Rejects for any other path. */
  remove(path: string): Promise<void>;
}

/** By this name classes ask for volumes of this host. */
export const LOCAL_PROVISIONER = 'storage.pilothouse.dev/local';

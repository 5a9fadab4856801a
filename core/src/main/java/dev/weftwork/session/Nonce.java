package dev.weftwork.session;

import java.security.SecureRandom;
import java.util.HexFormat;

/** Numbers that nobody on a machine can guess. */
final class Nonce {

    private static final SecureRandom RANDOM = new SecureRandom();

    private Nonce() {}

    /** 128 bits in hexadecimal behind the character that begins a marker. */
    static String text() {
        byte[] random = new byte[16];
        RANDOM.nextBytes(random);
        return MarkerScanner.NONCE_START + HexFormat.of().formatHex(random);
    }

    static long number() {
        return RANDOM.nextLong();
    }
}

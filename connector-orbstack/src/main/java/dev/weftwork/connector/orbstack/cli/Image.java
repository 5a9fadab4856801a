package dev.weftwork.connector.orbstack.cli;

/**
 * What a machine was made from.
 *
 * @param distro such as {@code ubuntu}
 * @param version the codename, whatever was asked for: {@code ubuntu:22.04} becomes {@code jammy}
 * @param arch {@code arm64} or {@code amd64}
 * @param variant {@code default}, or {@code cloud} if user data was given
 */
public record Image(String distro, String version, String arch, String variant) {}

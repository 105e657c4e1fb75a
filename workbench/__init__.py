"""Everything a person or a client touches: the Streamlit app, figures, the server, the command line and demo data."""
